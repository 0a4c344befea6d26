"""Mutation testing of the rules: does any test notice when they are changed?"""
