"""What a contributor does before anything is measured or published: make a folder, check it, take the data out."""
